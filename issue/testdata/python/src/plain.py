def parse(text):
    return int(text)


def main():
    parse("x")


main()
