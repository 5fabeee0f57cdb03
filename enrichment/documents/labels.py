"""The words that a competence file prints around the candidate's own, in its two languages."""

_LABELS = {
    "title": {"en": "Competence file", "fr": "Dossier de compétences"},
    "experience_years": {"en": "Experience", "fr": "Expérience"},
    "location": {"en": "Based in", "fr": "Lieu"},
    "availability": {"en": "Availability", "fr": "Disponibilité"},
    "mobility": {"en": "Mobility", "fr": "Mobilité"},
    "daily_rate": {"en": "Daily rate", "fr": "Tarif journalier"},
    "introduction": {"en": "Profile", "fr": "Profil"},
    "key_facts": {"en": "At a glance", "fr": "En bref"},
    "achievements": {"en": "Measured results", "fr": "Résultats chiffrés"},
    "skills": {"en": "Skills", "fr": "Compétences"},
    "domain": {"en": "Field", "fr": "Domaine"},
    "practice": {
        "en": "Skills, with time of practice where positions show it",
        "fr": "Compétences et durée de pratique",
    },
    "experience": {"en": "Professional experience", "fr": "Expérience professionnelle"},
    "client": {"en": "Client", "fr": "Client"},
    "context": {"en": "Context", "fr": "Contexte"},
    "team": {"en": "Team size", "fr": "Taille de l’équipe"},
    "tasks": {"en": "Work done", "fr": "Réalisations"},
    "environment": {"en": "Technical environment", "fr": "Environnement technique"},
    "volunteering": {"en": "Volunteering", "fr": "Bénévolat"},
    "role": {"en": "Role", "fr": "Rôle"},
    "keywords": {"en": "Keywords", "fr": "Mots-clés"},
    "grade": {"en": "Grade", "fr": "Résultat"},
    "projects": {"en": "Projects", "fr": "Projets"},
    "education": {"en": "Education", "fr": "Formation"},
    "certificates": {"en": "Certifications", "fr": "Certifications"},
    "languages": {"en": "Languages", "fr": "Langues"},
    "awards": {"en": "Awards", "fr": "Distinctions"},
    "publications": {"en": "Publications", "fr": "Publications"},
    "patents": {"en": "Patents", "fr": "Brevets"},
    "talks": {"en": "Talks", "fr": "Conférences"},
    "colon": {"en": ": ", "fr": " : "},
}


def label(name: str, language: str) -> str:
    return _LABELS[name][language]
