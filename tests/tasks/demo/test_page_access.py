"""The page can be read and used by everyone: names, keyboard, contrast, and small screens."""

import pytest

from tests.tasks.demo.conftest import BOXES, HOSTILE, KINDS, LOWEST, PLACES, READY, TITLE

pytestmark = pytest.mark.slow


def test_names_are_shown_as_text(opened, photographs):
    opened.choose(0)
    classes = opened.show(photographs[0])["classes"]
    assert opened.value("document.querySelector('.bar .name').textContent").startswith(HOSTILE)
    assert all(row["name"].startswith(HOSTILE) for row in classes)
    assert opened.value("document.querySelector('h1').textContent") == TITLE
    assert opened.value("document.title") == TITLE
    assert opened.value("document.querySelectorAll('#answers img, #answers script').length") == 0


def test_everything_is_reached_by_the_keyboard(opened, photographs):
    opened.choose(BOXES)
    opened.show(photographs[0])
    opened.show(photographs[1])
    opened.value("{const top = document.querySelector('h1'); top.tabIndex = -1; top.focus()}")
    reached = []
    while len(reached) < 60 and (not reached or reached[-1] not in ("BODY", "H1")):
        opened("press", key="Tab")
        reached.append(
            opened.value(
                "{const e = document.activeElement; e.id || e.name || e.title || e.tagName}"
            )
        )
    thumbnails = [p.name for p in photographs]
    order = list(dict.fromkeys("photograph" if n in thumbnails else n for n in reached))
    slider = f"threshold-{BOXES}-0"
    controls = ["model", "file", "camera", "remove", "photograph", slider, "SUMMARY"]
    assert order[: len(controls)] == controls
    # the arrows choose a model
    opened.value("document.querySelector('[name=model]:checked').focus()")
    opened("press", key="ArrowLeft")
    opened("until", code=f"model === {PLACES} && {READY}")
    # the focus is seen
    width = opened.value(
        "getComputedStyle(document.querySelector('[name=model]:checked + span')).outlineWidth"
    )
    assert width == "3px"


def test_everything_has_a_name_for_screen_readers(opened):
    opened.choose(BOXES)
    unnamed = opened.value(
        "Array.from(document.querySelectorAll('input, button, canvas, [tabindex]'))"
        ".filter((e) => !(e.labels?.length || e.ariaLabel || e.textContent.trim()"
        " || e.querySelector('img[alt]')?.alt)).map((e) => e.outerHTML)"
    )
    assert unnamed == []
    assert opened.value("document.getElementById('status').ariaLive") == "polite"
    assert opened.value("document.getElementById('error').getAttribute('role')") == "alert"
    assert opened.value("document.documentElement.lang") == "en"


CONTRAST = """
{
  const channel = (level) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour.match(/[\\d.]+/g).map(Number).map(channel);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return colour === "rgba(0, 0, 0, 0)" ? ground(element.parentElement) : colour;
  };
  complain("Something is wrong.");
  const texts = document.querySelectorAll(
    "h1, header p, legend, #models-list span, #models-list small, .button, #error, h2, #timing, " +
      ".name, .value, .threshold label, summary, .caption, .detail, .chips li");
  const found = {};
  for (const text of texts) {
    const pair = [luminance(getComputedStyle(text).color), luminance(ground(text))].sort();
    found[text.className || text.id || text.tagName] = (pair[1] + 0.05) / (pair[0] + 0.05);
  }
  complain("");
  found;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_both_schemes(opened, photographs, scheme):
    opened("emulate", scheme=scheme)
    grounds = opened.value("getComputedStyle(document.body).backgroundColor")
    assert (grounds == "rgb(16, 20, 24)") is (scheme == "dark")
    for number in (BOXES, PLACES, 1):
        opened.choose(number)
        opened.show(photographs[0])
        if number == BOXES:
            opened.slide(LOWEST)
        for name, ratio in opened.value(CONTRAST).items():
            assert ratio >= 4.5, (scheme, name, ratio)  # WCAG's AA
    opened("emulate", scheme="light")


def test_it_fits_a_phone(opened):
    opened("resize", size=[360, 740])
    for number in range(len(KINDS) + 1):
        opened.choose(number)
        assert opened.value("document.documentElement.scrollWidth <= innerWidth"), number
    opened("resize", size=[1200, 850])


def test_bars_and_the_choice_are_seen_in_a_contrast_theme(opened, photographs):
    """The system then replaces colours, and a bar is told from its track by them alone."""
    opened.choose(1)
    opened.show(photographs[0])
    opened("emulate", forced="active")
    ground = "getComputedStyle(document.querySelector('{}')).backgroundColor"
    colours = [opened.value(ground.format(f".bar {part}")) for part in (".track", ".filling")]
    assert colours[0] != colours[1]
    chosen, others = "input:checked + span", "input:not(:checked) + span"
    assert opened.value(ground.format(chosen)) != opened.value(ground.format(others))
    opened("emulate", scheme="light")
