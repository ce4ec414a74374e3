class TemplateError(Exception):
    """Carries the source of a template with a marker below the bad place."""


def render(source):
    where = source.index("}}")
    raise TemplateError(
        "unexpected token '}}':\n"
        f"  {source}\n"
        f"  {' ' * where}^\n"
        "hint: did you forget a value?"
    )


render("Hello {{ }} – naïve café")
