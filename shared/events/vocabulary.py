"""The closed lists of the domain, as types: ids of the reference taxonomy, held equal to it by a contract test."""

from typing import Literal

Category = Literal[
    "environnement",
    "alimentation",
    "emploi-insertion",
    "developpement-territorial-mobilite",
    "economie-circulaire",
    "entrepreneuriat-essaimage",
    "seniors",
    "numerique",
    "cadre-de-vie",
    "inegalites",
    "autres",
]
CommitmentKind = Literal[
    "rse",
    "mecenat-financier",
    "mecenat-nature",
    "mecenat-competences",
    "achats-responsables",
    "partenariat",
    "investissement-impact",
    "accompagnement",
]
FundKind = Literal[
    "amorcage",
    "changement-echelle",
    "pret",
    "subvention",
    "garantie",
    "evaluation-impact",
    "ingenierie",
    "programme-territorial",
    "experimentation-reglementaire",
    "competences",
    "accompagnement",
]
FundNature = Literal["fonds", "convention", "programme", "appel", "guichet", "appui", "reseau", "plan-local"]
Recipient = Literal["porteur", "collectif", "collectivite"]
Stage = Literal["idee", "amorcage", "experimentation", "developpement", "changement-echelle", "essaimage"]
LegalForm = Literal[
    "association",
    "association-droit-local",
    "scop",
    "scic",
    "cae",
    "cooperative-autre",
    "mutuelle",
    "fondation",
    "fonds-dotation",
    "societe-ess",
    "societe",
    "entreprise-individuelle",
    "collectif-informel",
    "collectivite",
    "etablissement-public",
]
Accreditation = Literal["esus", "societe-mission"]
Object = Literal[
    "locaux",
    "terrain-jardin",
    "logement",
    "mobilier-outillage",
    "vehicules",
    "velos",
    "legumes-fruits",
    "denrees-epicerie",
    "textile",
    "materiaux-reparation",
    "emballages-consigne",
    "informatique-electronique",
    "finance-gestion",
    "droit",
    "commerce-vente",
    "achats-marches",
    "inclusion-numerique",
    "sante-soin",
    "aines-autonomie",
    "reseau-parrainage",
    "restauration",
    "logistique-transport",
    "batiment-energie",
    "culture-tourisme",
    "stages-jeunes",
    "stages-immersion",
]
Level = Literal["commune", "ept", "epci", "departement", "region", "national"]
Status = Literal["actif", "suspendu", "clos", "retire"]
CompanySize = Literal["tpe", "pme", "eti", "grand-groupe"]
BarrierKind = Literal[
    "norme-nationale",
    "cadre-trop-rigide",
    "procedure-administrative",
    "concertation-etat-collectivites",
    "droit-experimentation",
    "acces-subvention",
]
BarrierChannel = Literal["hackers-french-impact", "france-experimentation"]
Axis = Literal["environnement", "social", "citoyen", "economique"]
TerritoryStatus = Literal["candidat", "labellise"]

ReasonCode = Literal[
    "geo-identique",
    "geo-contenu",
    "geo-contient",
    "geo-national",
    "geo-voisin",
    "territoire-labellise",
    "defi-identique",
    "theme-principal",
    "theme-secondaire",
    "theme-proche",
    "engagement-recherche",
    "stade-admis",
    "montant-compatible",
    "montant-partiel",
    "forme-admise",
    "calendrier-ouvert",
    "texte-proche",
    "objet-commun",
]
RefusalCode = Literal[
    "hors-perimetre",
    "theme-eloigne",
    "engagement-non-recherche",
    "stade-non-admis",
    "montant-hors-fourchette",
    "forme-non-admise",
    "pas-encore-ouvert",
    "clos",
    "retire",
    "suspendu",
    "capacite-epuisee",
    "doublon",
    "frein-absent",
    "label-requis",
    "objet-different",
    "meme-organisation",
    "decline",
]

OfferType = Literal["commitment", "fund"]
EntityType = Literal["project", "commitment", "fund", "territory"]
Side = Literal["project", "offer"]
DeclineReason = Literal[
    "deja-en-contact",
    "hors-priorites",
    "mauvais-calendrier",
    "montant-inadapte",
    "trop-loin",
    "plus-de-disponibilite",
    "autre",
]

INDIVIDUALS: frozenset[str] = frozenset({"entreprise-individuelle", "collectif-informel"})
"""Legal forms whose bearer is a person: the name is not published before an introduction."""
