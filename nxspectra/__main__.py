"""`python -m nxspectra` is the command `nxspectra`."""

from nxspectra.cli import main

if __name__ == "__main__":
    main()
