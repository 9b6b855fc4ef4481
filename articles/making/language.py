"""Made-up texts in the manner of a language: few words often, many rarely. Pure.

The most frequent words are those that mean nothing in the language, the rest are made of its
beginnings, stems and endings: so search finds one stem in several forms, as it does in real texts.
"""

import random
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, product

# In the order of how often they come, about.
_ENGLISH_SMALL = (
    "the of and to a in is that for it as was with be by on not he his but at are this have"
    " from or had an they which one you were all her she there would their we him been has when"
    " who will no more if out so up said what its about than into them can only other time new"
    " some could these two may first then do any like my now over such our man me even most made"
    " after also did many off before must well back through years much where your way down"
    " should"
)
_ENGLISH_STEMS = (
    "account align ally ambit answer argu arm arrang assert assist balanc bank bargain barter"
    " bord branch bridg broker bulk canal capit cargo carri caspi caus central chain claim clear"
    " coast command commerc commit common complain compos concern condit confer contain contest"
    " contract convoy corrid count coupl credit crew cross crude current custom deal debt decid"
    " declar defend deliver depend deploy design differ direct disput divid dollar draft drill"
    " driv econom effect embarg emerg enrich equal escort estim exchang exempt export extract"
    " factor feder fertil field figur financ flow forc foreign forward found freight front fuel"
    " fund gas general govern grain grant ground guarant harbor harvest haul hydro import impos"
    " indic industr inspect insur intend invest island join judg junct justif labor land launch"
    " leas legal lend lever limit link liqu load lobb local magnet major manag manoeuvr market"
    " mass measur mediat member merchant militar mineral minist model moment monitor mount"
    " nation nav neighbor network neutral north nucle object observ offer offic oper order"
    " origin outlin owner parliament partner pass patrol pay permit pipelin plan plant platform"
    " point polic port posit power practic press pric princip privat process produc profit"
    " project promis propos protect provinc public purchas quot rail rang rat react read refin"
    " reform refus region regul relat remit report request reserv resid resist resourc respons"
    " restor restrict reveal river road rout sail sanct scal seabed season sector secur settl"
    " share shift ship shor signal slip sourc south spend stat steel storag strait strateg strik"
    " structur subsid suppl support suspend tank tariff tax tender term territ threat trad"
    " transit transport treat troop truck trust turbin turn unit uran vessel vot wag wait warn"
    " wat weapon wheat"
)
_GERMAN_SMALL = (
    "die der und in zu den das nicht von sie ist des sich mit dem dass er es ein ich auf so"
    " eine auch als an nach wie im für man aber aus durch wenn nur war noch werden bei hat wir"
    " was wird sein einen welche sind oder um haben einer mir über ihm diese einem ihr uns da"
    " zum kann doch vor dieser mich ihn du hatte seine mehr am denn nun unter sehr selbst schon"
    " hier bis habe ihre dann ihnen seiner alle wieder meine gegen vom ganz einzelne wo muss"
    " ohne eines können jetzt"
)
_GERMAN_STEMS = (
    "abkomm angriff anleih arbeit aufbau aufsicht ausfuhr bahn bank bau bedroh beding behörd"
    " beitrag bericht beschluss betrieb bewegung bezieh bezug botschaft brücke bund bündnis"
    " dampf deck dienst druck durchfuhr einfluss einfuhr eisen empfang energie entwurf erdgas"
    " erdöl ernte ertrag fahr feld ferne fertig finanz fisch flagg flott fluss forder forsch"
    " fracht fracht freund frist führ gebiet gefahr gegner gericht geschäft gesetz gewalt"
    " gewicht gewinn gläubig glaub grenz grund gut güter hafen handel haupt haushalt heer hilf"
    " hoheit insel kanal kapital kauf kern kette klär knapp kohl kontroll kost kraft kredit"
    " krieg küst lad lager land last lauf leit lenk liefer linie lösch macht markt mauer meer"
    " mehr meld meng militär minder mittel nachbar nachfrag netz nord not nutz ober öffn ordn"
    " partei partner pfand pflicht plan platz politik preis prüf quell rahmen rat raum recht"
    " regel regier reich reis richt rohr rück rüst sach sanktion schatz schien schiff schluss"
    " schuld schutz see seid sicher sied signal sitz sold sonder sorg spann sperr spiel spitz"
    " staat stahl stand stärk steuer stimm stoff straf strass streck streit strom stück stütz"
    " süd tank teil träger transit treib truppen turbin umschlag umweg unter uran urteil verband"
    " verfahr verkehr verlag verlust vermitt verrat versich vertrag verwalt vorrat vorschlag"
    " waag waffen wagen wahl währung wasser wechsel weg weizen welt werk wert wett wirtschaft"
    " zahl zeit zentral ziel zins zivil zoll zug zusag zweck"
)


@dataclass(frozen=True)
class _Material:
    small: str
    beginnings: tuple[str, ...]
    stems: str
    endings: tuple[str, ...]
    has_capital_nouns: bool = False


_MATERIAL = {
    "en": _Material(
        _ENGLISH_SMALL,
        ("", "re", "over", "under", "inter", "counter", "trans", "non", "pre", "out"),
        _ENGLISH_STEMS,
        ("e", "es", "ed", "ing", "er", "ers", "ment", "al", "able", "ive", "ation"),
    ),
    "de": _Material(
        _GERMAN_SMALL,
        ("", "Vor", "Über", "Unter", "Gegen", "Haupt", "Neben", "Zwischen", "Ein", "Aus"),
        _GERMAN_STEMS,
        ("", "en", "er", "ung", "ungen", "es", "keit", "schaft", "lich", "liche", "lichen"),
        has_capital_nouns=True,
    ),
}


class Language:
    """Makes words, titles and paragraphs of one language.

    Whoever asks gives the source of chance, so the same source gives the same text.
    """

    def __init__(self, code):
        material = _MATERIAL[code]
        self.small = material.small.split()
        made = [
            self._spelled(beginning + stem + ending, material)
            for beginning, stem, ending in product(
                material.beginnings, dict.fromkeys(material.stems.split()), material.endings
            )
        ]
        # Whatever the frequency of a word, it is always the same.
        random.Random(code).shuffle(made)
        self.telling = list(dict.fromkeys(made))
        self.words = [*self.small, *self.telling]
        self._weights = _by_rank(len(self.words))
        self._telling_weights = _by_rank(len(self.telling), softened=20)

    @staticmethod
    def _spelled(word, material):
        return word.capitalize() if material.has_capital_nouns else word

    def title(self, chance, least=4, most=8):
        """Words that mean something, most of them rare, as a title."""
        words = self._some_telling(chance, chance.randint(least, most))
        if len(words) > 3:
            words[2:2] = chance.choices(self.small, k=1)
        return _with_capital(" ".join(words))

    def name(self, chance):
        """A word as it could name a subject, or a person's first or last name."""
        return self._some_telling(chance, 1)[0].capitalize()

    def about(self, chance, count=12):
        """Words to which a text about one thing keeps coming back."""
        return chance.choices(self.telling, k=count)

    def sentences(self, chance, words, about=()):
        """Sentences of twenty words each, so many words in all.

        about: words of which one stands in about every sentence.
        """
        chosen = chance.choices(self.words, cum_weights=self._weights, k=words)
        if about:
            for at in range(chance.randrange(10), words, 20):
                chosen[at] = chance.choice(about)
        return [
            f"{_with_capital(' '.join(chosen[at : at + 20]))}." for at in range(0, len(chosen), 20)
        ]

    def _some_telling(self, chance, count):
        return chance.choices(self.telling, cum_weights=self._telling_weights, k=count)


@lru_cache
def language(code):
    """The Language of a code: "en" or "de"."""
    return Language(code)


def _by_rank(count, softened=0):
    """Cumulative weights by which the n-th of some things comes about once for n of the first."""
    return list(accumulate(1 / (softened + rank) for rank in range(1, count + 1)))


def zipf(chance, count):
    """A number below count, the small ones much more often than the large ones."""
    return chance.choices(range(count), cum_weights=_zipf_weights(count))[0]


@lru_cache
def _zipf_weights(count):
    return _by_rank(count)


def _with_capital(text):
    return text[:1].upper() + text[1:]
