"""What joins gocron_py to other libraries, each in its own module; importing this loads none of them."""
