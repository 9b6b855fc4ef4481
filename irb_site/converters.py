class UnicodeSlugConverter:
    """A slug in any script: letters, digits, underscores and hyphens."""

    regex = r"[-\w]{1,120}"

    def to_python(self, value):
        return value

    def to_url(self, value):
        return value


class TagsConverter:
    """Slugs of tags with + between them, or what may have become of it on the way: blanks."""

    regex = r"[-+ \w]{1,600}"

    def to_python(self, value):
        return value

    def to_url(self, value):
        return value


class YearConverter:
    regex = r"[12][0-9]{3}"

    def to_python(self, value):
        return int(value)

    def to_url(self, value):
        return f"{value:04d}"


class MonthConverter:
    regex = r"0[1-9]|1[0-2]"

    def to_python(self, value):
        return int(value)

    def to_url(self, value):
        return f"{value:02d}"
