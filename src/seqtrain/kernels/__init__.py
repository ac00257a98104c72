"""The recurrent layers' loops over time in C, and what calls them."""
