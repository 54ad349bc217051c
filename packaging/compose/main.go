// Reads a compose file as `docker compose config --quiet` does, with the library that Docker's own command is made of.
// Usage: compose FILE   (in the file's folder; variables come from .env and the environment)
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions(os.Args[1:], cli.WithWorkingDirectory("."), cli.WithOsEnv, cli.WithEnvFiles(),
		cli.WithDotEnv, cli.WithName("checked"))
	if err == nil {
		_, err = options.LoadProject(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
