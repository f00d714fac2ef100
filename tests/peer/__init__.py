"""The Go instance of a mixed fleet: its source, how it is built, and a handle to a running one."""
