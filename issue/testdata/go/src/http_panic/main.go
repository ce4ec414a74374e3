package main

import (
	"net/http"
	"net/http/httptest"
)

func handle(w http.ResponseWriter, r *http.Request) {
	var user *struct{ Name string }
	w.Write([]byte(user.Name))
}

func main() {
	server := httptest.NewServer(http.HandlerFunc(handle))
	defer server.Close()
	http.Get(server.URL)
}
