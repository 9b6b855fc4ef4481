"""What a reader has to fetch."""

import re
from pathlib import Path

import brotli
import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from tests import html
from tests.factories import cite, make_author, make_public

pytestmark = pytest.mark.django_db

SENTENCE = "The delegations met in {} and agreed on {} of the {} points, as both had expected. "


def test_article_of_a_thousand_words_is_light(client):
    author, target = make_author("Ada", short_bio="Writes on the sea."), make_public("River")
    text = "".join(
        f"<h2>Part {part}</h2><p>{''.join(SENTENCE.format(part, n, part * n) for n in range(9))}"
        f"See {cite(target)}.</p>"
        for part in range(10)
    )
    assert len(re.findall(r"\w+", text)) > 1000
    article = make_public("Sea", authors=[author], tags=["Water", "Trade"], body=text)

    response = client.get(article.get_absolute_url())

    page = html.parse(response)
    addresses = [
        *page.xpath("//link[@rel='stylesheet' or contains(@rel, 'icon')]/@href"),
        *page.xpath("//script/@src"),
    ]
    assert len(page.xpath("//link[@rel='stylesheet']")) == 1
    assert not page.xpath("//img")
    files = [finders.find(address.removeprefix(settings.STATIC_URL)) for address in addresses]
    contents = [response.content, *(Path(file).read_bytes() for file in files)]
    assert sum(len(brotli.compress(content, quality=5)) for content in contents) < 30 * 1024
