package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"
)

type session struct{ user *struct{ name string } }

type api struct{ sessions map[string]session }

func (a *api) whoami(w http.ResponseWriter, r *http.Request) {
	s := a.sessions[r.URL.Query().Get("sid")]
	fmt.Fprintln(w, s.user.name)
}

func main() {
	a := &api{}
	server := httptest.NewServer(http.HandlerFunc(a.whoami))
	http.Get(server.URL + "/whoami?sid=zz")
	time.Sleep(100 * time.Millisecond)
}
