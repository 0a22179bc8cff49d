"""The pages: each route reads what it needs, lets a view decide, and renders."""
