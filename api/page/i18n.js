// The words of the page in each language, and numbers and times as its readers write them.
export const WORDS = {
  en: {
    overview: "Overview", jobs: "Jobs", newJob: "New job", job: "Job", menu: "Views", skip: "Skip to the content",
    live: "Live", connecting: "Connecting", reconnecting: "Reconnecting", resting: "Resting",
    theme: "Dark or light", language: "Français", help: "Keyboard", signOut: "Sign out",
    pending: "pending", in_progress: "running", completed: "completed", failed: "failed", cancelled: "cancelled",
    competence_file_generation: "Competence file", candidate_profile_enhancement: "Profile", skills_optimization: "Skills",
    experience_enhancement: "Experience", bulk_candidate_enrichment: "Bulk",
    critical: "Critical", high: "High", normal: "Normal", low: "Low",
    queues: "Queues", waiting: "waiting", running: "running", workers: "{n} workers", worker: "1 worker", noWorker: "No worker",
    oldest: "oldest {t}", nothingWaits: "nothing waits", pause: "Pause", resume: "Resume", paused: "Paused",
    runningOf: "{n} of {slots} slots busy", endedLastHour: "{n} ended in the last hour",
    lastHour: "The last hour", anHourAgo: "1 h ago", now: "now", median: "median", p95: "95 % within", p99: "99 % within", success: "succeeded", stored: "jobs stored",
    errors: "Errors", code: "Error", count: "Jobs", lastSeen: "Last seen", example: "Example", recent: "Recent jobs", all: "All",
    noJobs: "No jobs yet. Submit the first one.", noMatch: "No job matches.", loading: "Loading…",
    allWell: "All is well", isDown: "{part} is down", database: "Database", temporal: "Temporal", redis: "Redis",
    id: "Id", candidate: "Candidate", type: "Type", status: "Status", priority: "Queue", progress: "Progress", submitted: "Submitted", parent: "Bulk", errorCode: "Error", clear: "Clear",
    idBegins: "Id begins with", any: "Any", more: "More", first: "Newest", select: "Select", selected: "{n} selected", selectAll: "Select all matching",
    cancel: "Cancel", retry: "Run again", back: "Back", close: "Close", confirm: "Yes, go on",
    confirmCancel: "Cancel {n} jobs?", confirmRetry: "Run {n} jobs again?", cannotUndo: "What is cancelled stops within two seconds.", atMost: "more than {n}",
    nothingTo: "None of them can be changed so.", acting: "{done} of {n} done", acted: "Done: {n} changed, {rest} were in another state",
    ago: "{t} ago", attempt: "attempt {n}", retriesLeft: "retry {n} of {of}", run: "run {n}",
    timeline: "Timeline", queued: "Queued", began: "Began", attemptBegan: "Next attempt", attemptFailed: "Attempt failed", retried: "Run again",
    changes: "What changed", before: "Before", after: "After", unchanged: "{n} taken over as they were", copied: "copied", normalised: "normalised", derived: "derived", inferred: "inferred", source: "Source", evidence: "Evidence",
    faithful: "faithful", checked: "{n} statements checked", violations: "{n} not carried by the source", model: "Model", tokens: "Tokens", cost: "Cost", none: "none",
    documents: "Documents", raw: "Raw JSON", inTemporal: "In Temporal", result: "Result", warnings: "Notes on the source", copy: "Copy the id", copied2: "Copied",
    scheduled: "It starts {t}.", whyRetry: "Next attempt {t}, after {code}.", whyProvider: "It waits for {what} and goes on {t}.", theProvider: "the provider", theBudget: "the next day’s budget", whyPaused: "Its queue is paused: nothing new starts until it is resumed.", no_worker: "No worker serves its queue.", busy: "Number {n} in line: all slots of its queue are busy.", starting: "It is about to start.",
    inTime: "in {t}", children: "Candidates", failuresCsv: "Failures as CSV", resultsNdjson: "Results as NDJSON", retryFailed: "Run the failed ones again", batches: "Batches at work", batchesDone: "{n} of {of} batches done", continue: "Let the others follow", eta: "about {t} left", rate: "{n} per second",
    resume2: "JSON Résumé", dropHere: "Paste a JSON Résumé, or drop a file", openFile: "Open a file", examples: "Use the example", options: "Options", locale: "Language of the result", asOf: "As of", maxRetries: "Retries", runAt: "Not before", bandDefault: "as the queue", submit: "Submit", notJson: "This is not JSON: {why}", needsObject: "A candidate is one JSON object; for several, a list.", candidateId: "Candidate's id",
    approve: "Approve", reject: "Reject", review: "Review", draft: "draft", approved: "approved", rejected: "rejected",
    signIn: "Sign in", key: "Your key", keyHint: "It is made by: enrich keys create", wrongKey: "This key is not known.", notFound: "There is no such job.", gone: "Not available now.",
    keys: "Keys", keyOverview: "Overview", keyJobs: "Jobs", keyNew: "New job", keySearch: "Search", keyMove: "Next, previous", keyOpen: "Open", keyMark: "Select", keyHelp: "This help",
  },
  fr: {
    overview: "Vue d’ensemble", jobs: "Tâches", newJob: "Nouvelle tâche", job: "Tâche", menu: "Vues", skip: "Aller au contenu",
    live: "En direct", connecting: "Connexion", reconnecting: "Reconnexion", resting: "En veille",
    theme: "Sombre ou clair", language: "English", help: "Clavier", signOut: "Se déconnecter",
    pending: "en attente", in_progress: "en cours", completed: "terminée", failed: "échouée", cancelled: "annulée",
    competence_file_generation: "Dossier de compétences", candidate_profile_enhancement: "Profil", skills_optimization: "Compétences",
    experience_enhancement: "Expérience", bulk_candidate_enrichment: "Lot",
    critical: "Critique", high: "Haute", normal: "Normale", low: "Basse",
    queues: "Files", waiting: "en attente", running: "en cours", workers: "{n} workers", worker: "1 worker", noWorker: "Aucun worker",
    oldest: "plus ancienne {t}", nothingWaits: "rien n’attend", pause: "Suspendre", resume: "Reprendre", paused: "Suspendue",
    runningOf: "{n} places sur {slots} occupées", endedLastHour: "{n} finies dans la dernière heure",
    lastHour: "La dernière heure", anHourAgo: "il y a 1 h", now: "maintenant", median: "médiane", p95: "95 % en moins de", p99: "99 % en moins de", success: "de réussite", stored: "tâches conservées",
    errors: "Erreurs", code: "Erreur", count: "Tâches", lastSeen: "Dernière", example: "Exemple", recent: "Tâches récentes", all: "Toutes",
    noJobs: "Aucune tâche. Soumettez la première.", noMatch: "Aucune tâche ne correspond.", loading: "Chargement…",
    allWell: "Tout va bien", isDown: "{part} ne répond pas", database: "Base de données", temporal: "Temporal", redis: "Redis",
    id: "Id", candidate: "Candidat", type: "Type", status: "État", priority: "File", progress: "Avancement", submitted: "Soumise", parent: "Lot", errorCode: "Erreur", clear: "Effacer",
    idBegins: "L’id commence par", any: "Tous", more: "Suite", first: "Plus récentes", select: "Sélectionner", selected: "{n} sélectionnées", selectAll: "Tout sélectionner",
    cancel: "Annuler", retry: "Relancer", back: "Retour", close: "Fermer", confirm: "Oui, continuer",
    confirmCancel: "Annuler {n} tâches ?", confirmRetry: "Relancer {n} tâches ?", cannotUndo: "Ce qui est annulé s’arrête en deux secondes.", atMost: "plus de {n}",
    nothingTo: "Aucune ne peut être modifiée ainsi.", acting: "{done} sur {n}", acted: "Fini : {n} modifiées, {rest} dans un autre état",
    ago: "il y a {t}", attempt: "essai {n}", retriesLeft: "reprise {n} sur {of}", run: "passage {n}",
    timeline: "Chronologie", queued: "Mise en file", began: "Début", attemptBegan: "Nouvel essai", attemptFailed: "Essai échoué", retried: "Relancée",
    changes: "Ce qui a changé", before: "Avant", after: "Après", unchanged: "{n} reprises telles quelles", copied: "copié", normalised: "normalisé", derived: "déduit", inferred: "inféré", source: "Source", evidence: "Preuve",
    faithful: "fidèle", checked: "{n} affirmations vérifiées", violations: "{n} sans appui dans la source", model: "Modèle", tokens: "Jetons", cost: "Coût", none: "aucun",
    documents: "Documents", raw: "JSON brut", inTemporal: "Dans Temporal", result: "Résultat", warnings: "Remarques sur la source", copy: "Copier l’id", copied2: "Copié",
    scheduled: "Elle commence {t}.", whyRetry: "Nouvel essai {t}, après {code}.", whyProvider: "Elle attend {what} et reprend {t}.", theProvider: "le fournisseur", theBudget: "le budget du lendemain", whyPaused: "Sa file est suspendue : rien ne commence avant la reprise.", no_worker: "Aucun worker ne sert sa file.", busy: "Numéro {n} dans la file : toutes les places sont occupées.", starting: "Elle va commencer.",
    inTime: "dans {t}", children: "Candidats", failuresCsv: "Échecs en CSV", resultsNdjson: "Résultats en NDJSON", retryFailed: "Relancer les échecs", batches: "Paquets en cours", batchesDone: "{n} paquets sur {of} finis", continue: "Laisser suivre les autres", eta: "encore {t} environ", rate: "{n} par seconde",
    resume2: "JSON Résumé", dropHere: "Collez un JSON Résumé, ou déposez un fichier", openFile: "Ouvrir un fichier", examples: "Prendre l’exemple", options: "Options", locale: "Langue du résultat", asOf: "À la date du", maxRetries: "Reprises", runAt: "Pas avant", bandDefault: "comme la file", submit: "Soumettre", notJson: "Ce n’est pas du JSON : {why}", needsObject: "Un candidat est un objet JSON ; pour plusieurs, une liste.", candidateId: "Id du candidat",
    approve: "Approuver", reject: "Refuser", review: "Relecture", draft: "brouillon", approved: "approuvé", rejected: "refusé",
    signIn: "Se connecter", key: "Votre clé", keyHint: "Elle se crée par : enrich keys create", wrongKey: "Cette clé est inconnue.", notFound: "Cette tâche n’existe pas.", gone: "Indisponible pour l’instant.",
    keys: "Touches", keyOverview: "Vue d’ensemble", keyJobs: "Tâches", keyNew: "Nouvelle tâche", keySearch: "Chercher", keyMove: "Suivante, précédente", keyOpen: "Ouvrir", keyMark: "Sélectionner", keyHelp: "Cette aide",
  },
};

const stored = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
export const lang = WORDS[stored("language")] ? stored("language") : navigator.language.startsWith("fr") ? "fr" : "en";
document.documentElement.lang = lang;

export const t = (key, values = {}) =>
  (WORDS[lang][key] ?? key.replaceAll("_", " ")).replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name] ?? ""));

const whole = new Intl.NumberFormat(lang), tenth = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: 1 });
export const number = (value) => whole.format(value);
export const share = (value) => percent.format(value);
export const money = (value) => `$${value.toFixed(value < 1 ? 4 : 2)}`;

const UNITS = [[86_400, "d"], [3600, "h"], [60, "min"]];
export function duration(seconds) {
  if (seconds < 0.9995) return `${number(Math.max(0, Math.round(seconds * 1000)))} ms`;
  if (seconds < 60) return `${tenth.format(seconds)} s`;
  const [size, unit] = UNITS.find(([size]) => seconds >= size);
  return `${Math.floor(seconds / size)} ${unit === "d" && lang === "fr" ? "j" : unit}`;
}
const since = (instant, now) => Math.max(0, Math.round((now - new Date(instant)) / 1000));
export const age = (instant, now = Date.now()) => (instant ? duration(since(instant, now)).replace(/^0 ms$/, "0 s") : "–");
export const clock = (instant) => new Date(instant).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit" });
export const instant = (value) => new Date(value).toLocaleString(lang, { dateStyle: "medium", timeStyle: "medium" });
export function until(value, now = Date.now()) {
  const seconds = (new Date(value) - now) / 1000;
  return seconds > 3600 * 20 ? instant(value) : t("inTime", { t: duration(Math.max(0, Math.ceil(seconds))) });
}
