"""What the rules say in their own words: sentences around facts, and questions to the candidate.

The French sentences agree with nobody: they name facts with nouns, so that no gender has to be guessed.
"""

from enrichment.results import Question

_NOTICE = {
    "en": "Made by fixed rules, without AI: facts are copied, tidied, counted and put in order; nothing is reworded.",
    "fr": "Établi par des règles fixes, sans IA : les faits sont repris, mis au propre, comptés et ordonnés, "
    "sans reformulation.",
}

_SENTENCES = {
    "experience": {
        "en": "{years} of professional experience in total",
        "fr": "{years} d’expérience professionnelle au total",
    },
    "current": {
        "en": "In post since {since}: {title}, {employer}",
        "fr": "En poste depuis {since} : {title}, {employer}",
    },
    "top_skills": {
        "en": "Longest practised skills: {skills}",
        "fr": "Compétences les plus pratiquées : {skills}",
    },
    "listed_skills": {"en": "Listed skills: {skills}", "fr": "Compétences déclarées : {skills}"},
    "education": {"en": "Education: {education}", "fr": "Formation : {education}"},
    "certificates": {"en": "Certification: {names}", "fr": "Certification : {names}"},
    "languages": {"en": "Languages: {languages}", "fr": "Langues : {languages}"},
}

_QUESTIONS = {
    "no_result": {
        "en": "What came of this work? A figure helps: time or money saved, people served, quality gained.",
        "fr": "Quel a été le résultat de cette mission ? Un chiffre aide : temps ou budget gagné, utilisateurs servis, "
        "qualité améliorée.",
    },
    "no_description": {
        "en": "What did this position consist of? Two or three tasks are enough.",
        "fr": "En quoi consistait ce poste ? Deux ou trois réalisations suffisent.",
    },
    "no_dates": {
        "en": "When did this position begin and end? Month and year are enough.",
        "fr": "Quand ce poste a-t-il commencé et pris fin ? Le mois et l’année suffisent.",
    },
    "no_technologies": {
        "en": "Which tools and technologies were used in this position?",
        "fr": "Quels outils et technologies ont été utilisés dans ce poste ?",
    },
    "gap": {
        "en": "What did you do between {start} and {end} ({months})?",
        "fr": "Quelle a été votre activité entre {start} et {end} ({months}) ?",
    },
    "missing_name": {"en": "What is your full name?", "fr": "Quel est votre nom complet ?"},
    "missing_contact": {
        "en": "How can you be reached: by which e-mail address or telephone number?",
        "fr": "Comment vous joindre : à quelle adresse électronique ou à quel numéro ?",
    },
    "missing_location": {"en": "In which city do you live?", "fr": "Dans quelle ville habitez-vous ?"},
    "missing_title": {
        "en": "What is your professional title, in a few words?",
        "fr": "Quel est votre titre professionnel, en quelques mots ?",
    },
    "missing_summary": {
        "en": "How would you present yourself in three sentences?",
        "fr": "Comment vous présenteriez-vous en trois phrases ?",
    },
    "missing_work": {
        "en": "Which positions have you held: where, as what, from when to when?",
        "fr": "Quels postes avez-vous occupés : où, à quel titre, de quand à quand ?",
    },
    "missing_results": {
        "en": "Which measured result of your work are you proud of?",
        "fr": "De quel résultat chiffré êtes-vous le plus satisfait ?",
    },
    "missing_skills": {
        "en": "Which skills do you use most, and since when?",
        "fr": "Quelles compétences pratiquez-vous le plus, et depuis quand ?",
    },
    "missing_education": {
        "en": "Which schools or courses did you attend, and which degrees did you obtain?",
        "fr": "Quelles formations avez-vous suivies, et quels diplômes obtenus ?",
    },
    "missing_languages": {
        "en": "Which languages do you speak, and how well?",
        "fr": "Quelles langues parlez-vous, et à quel niveau ?",
    },
    "missing_availability": {
        "en": "From when are you available, and with what notice?",
        "fr": "À partir de quand êtes-vous disponible, avec quel préavis ?",
    },
}


def notice(language: str) -> str:
    return _NOTICE[language]


def sentence(name: str, language: str, **facts: str) -> str:
    # Not str.format on the facts themselves: only our own template is a template.
    return _SENTENCES[name][language].format(**facts)


def question(code: str, pointer: str, language: str, **facts: str) -> Question:
    return Question(code=code, pointer=pointer, text=_QUESTIONS[code][language].format(**facts))
