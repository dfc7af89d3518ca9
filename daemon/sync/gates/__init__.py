"""Gates: pure rules that let a record pass or keep it back with the first reason; what is kept back is never Failed."""
