"""What the server answers, as an OpenAPI document made of the tables that it answers by."""
