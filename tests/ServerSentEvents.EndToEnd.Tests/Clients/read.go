// Reads an event stream with the Go package of Debian. Usage: read <address>. Output and end are those of read.mjs, except that
// the package does not report comments.
package main

import (
	"encoding/json"
	"io"
	"os"

	"github.com/donovanhide/eventsource"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	stream, err := eventsource.Subscribe(os.Args[1], "")
	check(err)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()

	output := json.NewEncoder(os.Stdout)
	for {
		select {
		case event := <-stream.Events:
			check(output.Encode(map[string]string{"message": event.Data()}))
			if !json.Valid([]byte(event.Data())) {
				panic("The data is not JSON.")
			}
		case err := <-stream.Errors:
			check(output.Encode(map[string]string{"error": err.Error()}))
		}
	}
}
