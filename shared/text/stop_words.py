"""French words that say nothing of a subject, folded: articles, pronouns, prepositions, auxiliaries, numbers."""

_LISTED = """
a afin ai aie aient ailleurs ainsi ait alors apres as assez au aucun aucune aujourd aupres auquel aura aurait auront
aussi autant autour autre autres aux auxquelles auxquels avaient avait avant avec avez avoir avons ayant beaucoup bien
bientot but ca car ce ceci cela celle celles celui cent cependant certain certaine certaines certains ces cet cette
ceux chacun chacune chaque chez ci cinq cinquante combien comme comment contre dans davantage de deja demain depuis
derriere des desormais desquelles desquels dessous dessus deux devant devra devrait devront dix doit doivent donc dont
douze du duquel durant elle elles en encore enfin ensuite entre environ es est et etaient etait etant ete etes etre eu
eux faire fait faite faites faits fois font hier hors hui huit ici il ils jamais je jusque la laquelle le lequel les
lesquelles lesquels leur leurs lors lorsque lui ma mais malgre me meme memes mes mieux mille mine moi moins mon ne
neuf ni non nos notamment notre notres nous on ont onze or ou outre par parce parfois parmi pas pendant peu peut
peuvent plus plusieurs plutot pour pourquoi pourra pourrait pourront pouvoir pres presque puis puisque quand quant
quarante quatre que quel quelle quelles quelque quelques quels qui quinze quoi quoique rien sa sans sauf se seize
selon sept sera serait seront ses seulement si sien sienne six soit soixante sommes son sont sous souvent suis sur ta
tandis tant te tel telle tellement telles tels tes toi ton toujours tous tout toute toutefois toutes treize trente
tres trois trop tu un une va vers via vingt voici voila vont vos votre votres vous vraiment vu y
"""

STOP_WORDS = frozenset(_LISTED.split())
