"""Which skill a text means, and which it does not."""

import pytest

from enrichment.mentions import Mentions
from enrichment.taxonomy import Case, Skill, Spelling, same, taxonomy

TAXONOMY = taxonomy()
MENTIONS = Mentions(TAXONOMY.spellings)


def named(text: str) -> list[str]:
    return [skill.name for skill in MENTIONS.find(text)]


def test_the_taxonomy_is_large_and_says_one_thing_of_each_spelling() -> None:
    assert len({spelling.skill.name for spelling in TAXONOMY.spellings}) > 300
    skills_of: dict[str, set[str]] = {}
    for spelling in TAXONOMY.spellings:
        if spelling.case is not Case.EXACT:
            skills_of.setdefault(same(spelling.text), set()).add(spelling.skill.name)
    assert {spelling: names for spelling, names in skills_of.items() if len(names) > 1} == {}
    assert {spelling.skill.category for spelling in TAXONOMY.spellings} <= TAXONOMY.categories.keys()


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("nodejs", "Node.js"),
        ("Node JS", "Node.js"),
        ("K8s", "Kubernetes"),
        ("postgres", "PostgreSQL"),
        ("ｐｙｔｈｏｎ", "Python"),
        ("c++", "C++"),
        ("C", "C"),
        ("c#", "C#"),
        ("go", "Go"),
        ("golang", "Go"),
        ("swift", "Swift"),
        ("SWIFT", "SWIFT"),
        ("gestion de projet", "Project management"),
        ("Travail d’équipe", "Teamwork"),
        ("S4 HANA", "SAP S/4HANA"),
        ("rest", None),
        ("", None),
        ("…", None),
    ],
)
def test_a_listed_skill(written: str, name: str | None) -> None:
    found = TAXONOMY.lookup(written)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Java", "JavaScript"),
        ("React", "React Native"),
        ("SQL", "NoSQL"),
        ("Spring", "Spring Boot"),
        ("SAP MM", "SAP PM"),
        ("C", "C++"),
        ("Scala", "Scale"),
        ("Angular", "AngularJS"),
        ("PostgreSQL", "PostGIS"),
    ],
)
def test_near_names_stay_apart(one: str, other: str) -> None:
    assert TAXONOMY.lookup(one) != TAXONOMY.lookup(other)


@pytest.mark.parametrize(
    ("written", "name"),
    [("Javascrpt", "JavaScript"), ("Kubernets", "Kubernetes"), ("Jva", None), ("Python4", None), ("Excell", "Excel")],
)
def test_what_was_perhaps_meant(written: str, name: str | None) -> None:
    assert TAXONOMY.lookup(written) is None
    suggested = TAXONOMY.suggest(written)
    assert (suggested.name if suggested else None) == name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Built REST APIs with Django, PostgreSQL and Redis.", ["REST APIs", "Django", "PostgreSQL", "Redis"]),
        ("Java, C, C++ and C#", ["Java", "C", "C++", "C#"]),
        ("Services written in Go, models in R", ["Go", "R"]),
        ("Développeur Go", ["Go"]),
        ("Word, Excel et PowerPoint", ["Word", "Excel", "PowerPoint"]),
        ("ASP.NET Core on .NET", ["ASP.NET Core", ".NET"]),
        ("CI / CD, HTML/CSS", ["CI/CD", "HTML", "CSS"]),
        ("Contributed to OpenStack Swift", ["OpenStack Swift"]),
        ("熟悉Python和Java", ["Python", "Java"]),
        ("machine-learning", ["Machine learning"]),
        ("React Native, then React", ["React Native", "React"]),
    ],
)
def test_skills_that_a_text_names(text: str, names: list[str]) -> None:
    assert named(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "Led the go-to-market; we go to market in spring",
        "Go to market strategy",
        "Worked in R&D",
        "Reported to C-level managers; vitamin C; Series C",
        "Internship in Spring 2019",
        "the rest of the team had access to teams in the assembly",
        "en vue de, tableau de bord, net profit, swift delivery",
        "5,000+ GitHub stars",
        "with R. Smith",
        "No experience with Kubernetes",
        "sans Docker",
        "JavaScripts2 Javanese",
    ],
)
def test_plain_words_are_no_skills(text: str) -> None:
    assert named(text) == []


@pytest.mark.parametrize(
    "text",
    [
        *("Postman", "Illustrator", "Playwright", "Sous Chef", "Executive Chef", "Chef de rayon", "Assembler"),
        *("Assembleur monteur", "Rédactrice en Chef", "Security Sentry", "School Prefect"),
        "Worked with Julia Chen. Reported to Cassandra Miller",
        "Opened two restaurants in Phoenix, Arizona, and one in Cypress, Texas",
        "Travail avec Pascal Dupont, puis avec Ada et Jasmine",
        "Guided tours of Delphi, La Scala and Apollo theatres",
        "React quickly to incidents. Excel at plating. Flutter and waltz",
        "Took the Helm of a crew of twelve",
        "Rust removal, welding; Spark plug replacement; Slack season planning",
        "worked with Shell and Oracle buyers",
        "Contrats avec Sage, Shell et Bloomberg",
        "Ruby and diamond jewellery in Ruby and Emerald",
        "Served Mocha and Gin cocktails with Celery",
        "Opened in Spring with Express delivery; SOAP notes",
        "marketing maven who led a salesforce of 20, with a tailwind, and wrote a storybook",
        "Teams of five with Access to Excel",
        "réunions en Visio avec Teams",
        "pinecone decorations, Snowflake lamps",
    ],
)
def test_homonyms_without_company_are_no_skills(text: str) -> None:
    assert named(text) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Reported to Cassandra Miller, who ran Kafka", ["Apache Kafka"]),
        ("Python, Julia Chen", ["Python"]),
        ("Kafka, Cassandra, Debezium", ["Apache Kafka", "Cassandra"]),
        ("Worked with Julia Chen on Python services", ["Python"]),
        ("React quickly to incidents in Kubernetes", ["Kubernetes"]),
        ("Built services in Go and Python", ["Go", "Python"]),
        ("C, Go, Python", ["C", "Go", "Python"]),
        ("React, Redux and TypeScript", ["React", "Redux", "TypeScript"]),
        ("Deployed with Helm on Kubernetes", ["Helm", "Kubernetes"]),
        ("Data stores: Cassandra, Redis", ["Cassandra", "Redis"]),
        ("Wrote Spark jobs on Databricks", ["Apache Spark", "Databricks"]),
        ("Tests with Cypress, Jest and TypeScript", ["Cypress", "Jest", "TypeScript"]),
        ("Elixir and Phoenix, PostgreSQL", ["Elixir", "Phoenix", "PostgreSQL"]),
        ("Monthly reports in Excel.", ["Excel"]),
        ("API tests using Postman", ["Postman"]),
        ("Senior React Developer", ["React"]),
        ("Développeuse Scala", ["Scala"]),
        ("Automatisation avec Ansible, Puppet et Chef", ["Ansible", "Puppet", "Chef"]),
        ("Pipelines Spark et Kafka", ["Apache Spark", "Apache Kafka"]),
        ("Maîtrise d'Excel et Word", ["Excel", "Word"]),
        ("Réécriture en Rust", ["Rust"]),
        ("Photoshop, Illustrator, InDesign", ["Photoshop", "Illustrator", "InDesign"]),
        ("Excel", ["Excel"]),
    ],
)
def test_homonyms_in_company_are_skills(text: str, names: list[str]) -> None:
    assert named(text) == names


def test_a_homonym_that_the_candidate_declares_needs_no_company() -> None:
    declared = {skill for name in ("Cassandra", "React", "Excel") if (skill := TAXONOMY.lookup(name))}
    for text in ("Ran a large Cassandra cluster", "Tuned the React application", "Suivi du budget avec Excel"):
        assert named(text) == [] or "Excel" in text
        assert [skill.name in text for skill in MENTIONS.find(text, declared)] == [True]
    for text in (
        "Reported to Cassandra Miller",
        "Moved to Cassandra, Texas",
        "React quickly to incidents",
        "Excel at plating",
    ):
        assert MENTIONS.find(text, declared) == ()


def test_a_denial_reaches_no_further_than_its_object() -> None:
    assert named("Moved without downtime to Kubernetes") == ["Kubernetes"]


def test_a_candidates_own_words_are_found_besides() -> None:
    wider = MENTIONS.with_own([Spelling("Nomadic queues", Skill("Nomadic queues"))])
    assert [skill.name for skill in wider.find("Python and nomadic queues")] == ["Python", "Nomadic queues"]
    assert named("nomadic queues") == []


def test_labels_by_language() -> None:
    skill = TAXONOMY.lookup("project management")
    assert skill
    assert (skill.label("en"), skill.label("fr")) == ("Project management", "Gestion de projet")
    assert TAXONOMY.category_label("databases", "fr") == "Bases de données"
    assert TAXONOMY.category_label("other", "en") == "Other"
