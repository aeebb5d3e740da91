// Reads many streams with the Go package of Debian. Input and output are those of digest.mjs.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/donovanhide/eventsource"
)

// stream returns one chunk for each read, as a network does, until an empty chunk ends the stream.
type stream struct {
	input *bufio.Reader
	left  int
	ended bool
}

func (s *stream) Read(buffer []byte) (int, error) {
	if s.left == 0 && !s.ended {
		var length uint32
		check(binary.Read(s.input, binary.LittleEndian, &length))
		s.left, s.ended = int(length), length == 0
	}
	if s.ended {
		return 0, io.EOF
	}
	if len(buffer) > s.left {
		buffer = buffer[:s.left]
	}
	n, err := io.ReadFull(s.input, buffer)
	s.left -= n
	return n, err
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		if _, err := input.Peek(1); err == io.EOF {
			return
		}
		count, hash := 0, sha256.New()
		decoder := eventsource.NewDecoder(&stream{input: input})
		for {
			event, err := decoder.Decode()
			if err == io.EOF {
				break
			}
			check(err)
			name := event.Event()
			if name == "" {
				name = "message"
			}
			count++
			fmt.Fprintf(hash, "%s\x01%s\x01%s\x02", name, event.Data(), event.Id())
		}
		fmt.Printf("%d %x\n", count, hash.Sum(nil))
	}
}
