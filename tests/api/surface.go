//go:build ignore

// Writes go_public_surface.json: every exported name of gocron, as the source declares it.
// The directory of the module's source is found with "go list -m" in examples/port:
//
//	go run surface.go "$(cd ../../examples/port && go list -m -f '{{.Dir}}' github.com/go-co-op/gocron/v2)"
package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

type parameter struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Variadic bool   `json:"variadic,omitempty"`
}

type function struct {
	Parameters []parameter `json:"parameters"`
	Results    []string    `json:"results"`
}

type field struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type typeInfo struct {
	Kind     string               `json:"kind"`
	Text     string               `json:"text,omitempty"`
	Embedded []string             `json:"embedded,omitempty"`
	Fields   []field              `json:"fields,omitempty"`
	Methods  map[string]*function `json:"methods,omitempty"`
}

type constant struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"` // of strings only: the others are iota
}

type surface struct {
	Module    string                `json:"module"`
	Version   string                `json:"version"`
	Functions map[string]*function  `json:"functions"`
	Types     map[string]*typeInfo  `json:"types"`
	Constants map[string][]constant `json:"constants"`
	Errors    map[string]string     `json:"errors"`
}

var files = token.NewFileSet()

func text(node ast.Node) string {
	var out bytes.Buffer
	must(printer.Fprint(&out, files, node))
	return out.String()
}

// The text of a string literal; of any other expression, nothing.
func unquoted(expression ast.Expr) string {
	literal, is := expression.(*ast.BasicLit)
	if !is {
		return ""
	}
	content, err := strconv.Unquote(literal.Value)
	must(err)
	return content
}

func signature(kind *ast.FuncType) *function {
	f := &function{Parameters: []parameter{}, Results: []string{}}
	for _, group := range kind.Params.List {
		one := parameter{Type: text(group.Type)}
		if ellipsis, is := group.Type.(*ast.Ellipsis); is {
			one.Type, one.Variadic = text(ellipsis.Elt), true
		}
		if len(group.Names) == 0 {
			f.Parameters = append(f.Parameters, one)
		}
		for _, name := range group.Names {
			one.Name = name.Name
			f.Parameters = append(f.Parameters, one)
		}
	}
	if kind.Results != nil {
		for _, group := range kind.Results.List {
			f.Results = append(f.Results, text(group.Type))
		}
	}
	return f
}

func (s *surface) addType(spec *ast.TypeSpec) {
	info := &typeInfo{Methods: map[string]*function{}}
	switch kind := spec.Type.(type) {
	case *ast.InterfaceType:
		info.Kind = "interface"
		for _, member := range kind.Methods.List {
			if len(member.Names) == 0 {
				info.Embedded = append(info.Embedded, text(member.Type))
			} else if member.Names[0].IsExported() {
				info.Methods[member.Names[0].Name] = signature(member.Type.(*ast.FuncType))
			}
		}
	case *ast.StructType:
		info.Kind = "struct"
		for _, member := range kind.Fields.List {
			for _, name := range member.Names {
				if name.IsExported() {
					info.Fields = append(info.Fields, field{name.Name, text(member.Type)})
				}
			}
		}
	case *ast.FuncType:
		info.Kind, info.Text = "func", text(kind)
	default:
		info.Kind, info.Text = "defined", text(kind)
	}
	s.Types[spec.Name.Name] = info
}

// The constants of one declaration share the type of its first line, as iota lists do.
func (s *surface) addConstants(declaration *ast.GenDecl) {
	kind := ""
	for _, spec := range declaration.Specs {
		value := spec.(*ast.ValueSpec)
		if value.Type != nil {
			kind = text(value.Type)
		}
		for i, name := range value.Names {
			if name.IsExported() {
				one := constant{Name: name.Name}
				if i < len(value.Values) {
					one.Value = unquoted(value.Values[i])
				}
				s.Constants[kind] = append(s.Constants[kind], one)
			}
		}
	}
}

func (s *surface) addErrors(declaration *ast.GenDecl) {
	for _, spec := range declaration.Specs {
		value := spec.(*ast.ValueSpec)
		for i, name := range value.Names {
			if !name.IsExported() {
				continue
			}
			s.Errors[name.Name] = unquoted(value.Values[i].(*ast.CallExpr).Args[0])
		}
	}
}

func (s *surface) addFunction(declaration *ast.FuncDecl) {
	if !declaration.Name.IsExported() {
		return
	}
	if declaration.Recv == nil {
		s.Functions[declaration.Name.Name] = signature(declaration.Type)
		return
	}
	receiver := strings.TrimPrefix(text(declaration.Recv.List[0].Type), "*")
	if info, known := s.Types[receiver]; known {
		info.Methods[declaration.Name.Name] = signature(declaration.Type)
	}
}

func (s *surface) addDeclarations(declaration *ast.GenDecl) {
	switch declaration.Tok {
	case token.TYPE:
		for _, spec := range declaration.Specs {
			if named := spec.(*ast.TypeSpec); named.Name.IsExported() {
				s.addType(named)
			}
		}
	case token.CONST:
		s.addConstants(declaration)
	case token.VAR:
		s.addErrors(declaration)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	directory := os.Args[1]
	module, version, _ := strings.Cut(directory[strings.Index(directory, "github.com/"):], "@")
	s := &surface{
		Module: module, Version: version,
		Functions: map[string]*function{}, Types: map[string]*typeInfo{},
		Constants: map[string][]constant{}, Errors: map[string]string{},
	}
	source := func(file fs.FileInfo) bool { return !strings.HasSuffix(file.Name(), "_test.go") }
	packages, err := parser.ParseDir(files, directory, source, 0)
	must(err)
	for _, file := range packages["gocron"].Files {
		for _, declaration := range file.Decls {
			if general, is := declaration.(*ast.GenDecl); is {
				s.addDeclarations(general)
			}
		}
	}
	for _, file := range packages["gocron"].Files {
		for _, declaration := range file.Decls {
			if f, is := declaration.(*ast.FuncDecl); is {
				s.addFunction(f)
			}
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	encoder.SetEscapeHTML(false)
	must(encoder.Encode(s))
}
