// The words of the page, each with its English and, where it differs, its French; numbers and times as their readers write them.
const WORDS = Object.fromEntries(`
overview|Overview|Vue d’ensemble
jobs|Jobs|Tâches
newJob|New job|Nouvelle tâche
job|Job|Tâche
views|Views|Vues
skip|Skip to the content|Aller au contenu
live|Live|En direct
connecting|Connecting|Connexion
reconnecting|Reconnecting|Reconnexion
resting|Paused|En veille
theme|Dark or light|Sombre ou clair
language|Français|English
help|Keyboard|Clavier
signOut|Sign out|Se déconnecter
pending|Pending|En attente
in_progress|Running|En cours
completed|Completed|Terminée
failed|Failed|Échouée
cancelled|Cancelled|Annulée
competence_file_generation|Competence file|Dossier
candidate_profile_enhancement|Profile|Profil
skills_optimization|Skills|Compétences
experience_enhancement|Experience|Expérience
bulk_candidate_enrichment|Bulk|Lot
critical|Critical|Critique
high|High|Haute
normal|Normal|Normale
low|Low|Basse
queues|Queues|Files
waiting|waiting|en attente
workers|{n} workers
worker|1 worker
noWorker|No worker|Aucun worker
oldest|oldest {t}|depuis {t}
pause|Pause
resume|Resume|Reprendre
paused|Paused|Suspendue
paused_now|{queue} is paused|{queue} est suspendue
resumed_now|{queue} goes on|{queue} reprend
runningOf|{n} of {slots} slots busy|{n} places sur {slots} occupées
endedLastHour|{n} ended in the last hour|{n} finies en une heure
lastHour|The last hour|La dernière heure
anHourAgo|1 h ago|il y a 1 h
now|now|maintenant
median|Median|Médiane
p95|95 % within|95 % en
p99|99 % within|99 % en
success|Succeeded|Réussite
ended|Ended|Finies
stored|{n} jobs|{n} tâches
errors|Errors|Erreurs
errorCode|Error|Erreur
lastSeen|Latest|Dernière
example|Example|Exemple
recent|Recent jobs|Tâches récentes
all|All|Toutes
noJobs|No jobs yet|Aucune tâche
noMatch|No job matches|Aucune ne correspond
loading|Loading…|Chargement…
gone|Not available now|Indisponible
isDown|{part} is down|{part} ne répond pas
database|PostgreSQL
temporal|Temporal
redis|Redis
id|Id begins with|Début de l’id
candidateId|Candidate|Candidat
type|Type
status|Status|État
priority|Queue|File
progress|Progress|Avancement
took|Took|Durée
count|Jobs|Tâches
age|Age|Âge
submitted|Submitted|Soumise
parentId|Bulk|Lot
clear|Clear|Effacer
any|Any|Tous
older|Older|Plus anciennes
newest|Newest|Plus récentes
select|Select|Sélectionner
selectPage|Select this page|Sélectionner la page
noneSelected|None selected|Aucune sélection
selected|{n} selected|{n} sélectionnées
allSelected|All that match are selected|Toutes sont sélectionnées
selectAll|Select all that match|Tout sélectionner
cancel|Cancel|Annuler
retry|Run again|Relancer
back|Back|Retour
close|Close|Fermer
goOn|Yes, go on|Oui, continuer
cancelMany|Cancel {n} jobs?|Annuler {n} tâches ?
retryMany|Run {n} jobs again?|Relancer {n} tâches ?
cancelBulk|Cancel the whole bulk?|Annuler tout le lot ?
cannotUndo|What is cancelled stops within two seconds.|Tout s’arrête en deux secondes.
nothingTo|None is in a state for this|Aucune n’est en état de l’être
acting|{n} of {of} done|{n} sur {of}
acted|{n} changed, {rest} were in another state|{n} modifiées, {rest} dans un autre état
ago|{t} ago|il y a {t}
from|from {t}|dès {t}
retryOf|retry {n} of {of}|reprise {n} sur {of}
timeline|Timeline|Chronologie
queued|Queued|En file
attempt|Attempt {n}|Essai {n}
waited|Waits to try again|Attend le prochain essai
document|Document
run|Run {n}|Passage {n}
changes|What changed|Ce qui a changé
before|In the source|Dans la source
after|In the result|Dans le résultat
more|{n} more|{n} de plus
unchanged|{n} more as they were|{n} autres telles quelles
copied|copied|copié
normalised|normalised|normalisé
derived|derived|déduit
inferred|inferred|inféré
faithful|{share} faithful · {n} statements checked|{share} fidèle · {n} affirmations vérifiées
violations|{n} not carried by the source|{n} sans appui dans la source
warnings|Notes on the source|Remarques sur la source
facts|Facts|Faits
maxRetries|Retries|Reprises
model|Made by|Produit par
tokens|Tokens in + out|Jetons lus + écrits
cost|Cost|Coût
none|none|aucun
unknown|unknown|inconnu
reusedFrom|Taken over from|Reprise de
inTemporal|Run in Temporal ↗|Dans Temporal ↗
raw|Raw JSON|JSON brut
degraded|estimated|estimé
degradedWhy|Redis is down: a guess|Redis ne répond pas
why_scheduled|It starts {t}|Elle commence {t}
why_retry|Next attempt {t}, after {code}|Nouvel essai {t}, après {code}
why_provider|It waits for the provider and goes on {t}|Elle attend le fournisseur et reprend {t}
why_budget|It waits for tomorrow’s budget and goes on {t}|Elle attend le budget de demain et reprend {t}
why_approval|It waits for approval|Elle attend un accord
why_paused|Its queue is paused: nothing new starts|Sa file est suspendue : rien ne commence
why_no_worker|No worker serves its queue|Aucun worker ne sert sa file
why_busy|Number {n}: all {slots} slots are busy|Numéro {n} : les {slots} places sont occupées
why_starting|It is about to start|Elle va commencer
inTime|in {t}|dans {t}
children|Candidates|Candidats
failuresCsv|Failures, CSV|Échecs, CSV
resultsNdjson|Results, NDJSON|Résultats, NDJSON
retryRest|Run again what failed|Relancer les échecs
continue|Let the others follow|Laisser suivre les autres
batches|{n} of {of} batches done|{n} paquets finis sur {of}
skipped|{n} unchanged|{n} inchangées
source|JSON Résumé
dropHere|Paste a JSON Résumé, or drop a file. A list becomes a bulk.|Collez un JSON Résumé ou déposez un fichier. Une liste devient un lot.
openFile|Open a file|Ouvrir un fichier
useExample|Use an example|Prendre un exemple
options|More options|Autres options
locale|Language of the result|Langue du résultat
en|English|Anglais
fr|French|Français
asOf|As of|À la date du
runAt|Not before|Pas avant
bandDefault|as its queue|selon la file
submit|Submit|Soumettre
notJson|This is not JSON: {why}|Ce n’est pas du JSON : {why}
review|Review|Relecture
approve|Approve|Approuver
reject|Reject|Refuser
draft|draft|brouillon
approved|approved|approuvé
rejected|rejected|refusé
signIn|Sign in|Se connecter
key|Your key|Votre clé
keyHint|Make one with|Créez-en une avec
keySearch|Search|Chercher
keyMove|Next, previous|Suivante, précédente
`.split("\n").map((line) => line.split("|")).map(([key, ...words]) => [key, words]));

// What this browser remembers, if it remembers anything.
export const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
export const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* for this visit only */ } };

export const lang = (kept("language") ?? navigator.language).startsWith("fr") ? "fr" : "en";
document.documentElement.lang = lang;
const locale = navigator.language.startsWith(lang) ? navigator.language : lang;

export const t = (key, values = {}) => (WORDS[key]?.at(lang === "fr" ? -1 : 0) ?? String(key).replaceAll("_", " "))
  .replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name] ?? ""));

const format = (options) => { const made = new Intl.NumberFormat(locale, options); return (value) => made.format(value); };
export const number = format({ maximumFractionDigits: 1 });
export const share = format({ style: "percent", maximumFractionDigits: 1 });
export const money = format({ style: "currency", currency: "USD", maximumSignificantDigits: 3 });

const UNITS = [[86_400, lang === "fr" ? "j" : "d"], [3600, "h"], [60, "min"]];
export function duration(seconds) {
  if (seconds < 0.9995) return seconds < 0.001 ? "< 1 ms" : `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${number(seconds)} s`;
  const at = UNITS.findIndex(([size]) => seconds >= size), [size, unit] = UNITS[at];
  const [below, name] = UNITS[at + 1] ?? [1, "s"], rest = Math.floor((seconds % size) / below);
  return [Math.floor(seconds / size), unit, ...(rest ? [rest, name] : [])].join(" ");
}
export function age(instant) {
  const seconds = Math.max(0, Math.round((Date.now() - new Date(instant)) / 1000));
  const [size, unit] = UNITS.find(([least]) => seconds >= least) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit}`;
}
const TIME = { hour: "2-digit", minute: "2-digit" };
export const clock = (instant) => new Date(instant).toLocaleTimeString(locale, TIME);
// The year is told where it is not this one.
export function instant(value) {
  const date = new Date(value), year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date.toLocaleString(locale, { year, month: "short", day: "numeric", ...TIME, second: "2-digit" });
}
export function until(value) {
  const seconds = Math.ceil((new Date(value) - Date.now()) / 1000);
  if (seconds < 100) return t("inTime", { t: `${Math.max(0, seconds)} s` });
  return seconds < 72_000 ? `${t("inTime", { t: age(2 * Date.now() - new Date(value)) })} (${clock(value)})` : instant(value);
}
