// The Go service's way of making a picture: nfnt/resize, then JPEG at quality 75.
// Reads the file named first, writes the file named second, prints milliseconds of CPU.
package main

import (
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png"
	"log"
	"os"
	"syscall"

	"github.com/nfnt/resize"
)

func main() {
	source, err := os.Open(os.Args[1])
	check(err)
	before := cpu()
	picture, _, err := image.Decode(source)
	check(err)
	target, err := os.Create(os.Args[2])
	check(err)
	small := resize.Thumbnail(800, 600, picture, resize.Lanczos3)
	check(jpeg.Encode(target, small, &jpeg.Options{Quality: 75}))
	check(target.Close())
	fmt.Printf("%.3f\n", cpu()-before)
}

func cpu() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
