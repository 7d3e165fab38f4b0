"""The command line: `syncline`."""


def main() -> None:
    """Run the command line with the arguments of this process, and end it with the command's exit code."""
    from syncline.cli.program import run  # keeps `import syncline.cli` free of cost for those who only look

    run()
