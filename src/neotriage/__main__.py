"""`python -m neotriage`: the same command line as `neotriage`."""

from neotriage.cli import main

if __name__ == "__main__":
    main()
