"""What Typer would say in English: the words of help, and each error as one sentence with its remedy."""

import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import Abort, Exit, TyperException

FAILED, MISUSED = 1, 2

# « Usage », « Options » and « Arguments » are French already.
rich_utils.COMMANDS_PANEL_TITLE = "Commandes"
rich_utils.REQUIRED_LONG_STRING = "[obligatoire]"
rich_utils.DEFAULT_STRING = "[par défaut\u00a0: {}]"
_HELP = "Montre cette aide."


def refuse(why: str, code: int = FAILED) -> NoReturn:
    """Leave, saying why."""
    typer.echo(why, err=True)
    raise typer.Exit(code)


def readable(given: Path | list[Path]) -> Path | list[Path]:
    """A file, or files, that exist; leaves naming the first that does not."""
    for path in given if isinstance(given, list) else [given]:
        if not path.is_file():
            refuse(f"« {path} » n'est pas un fichier d'ici ; vérifiez son chemin", MISUSED)
    return given


class Command(TyperCommand):
    """A command whose help is in French."""

    def get_help_option(self, ctx: Any) -> Any:
        """The option `--help`."""
        return _in_french(super().get_help_option(ctx))


class Group(TyperGroup):
    """A group of commands whose help is in French."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**{**said, "subcommand_metavar": "COMMANDE [ARGUMENTS]..."})

    def get_help_option(self, ctx: Any) -> Any:
        """The option `--help`."""
        return _in_french(super().get_help_option(ctx))


class Commands(Group):
    """All of them; it says in French what the command line does not allow."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and leave with its exit code; without `standalone_mode`, errors are raised as they are."""
        run = partial(super().main, args, prog_name, complete_var, windows_expand_args=windows_expand_args, **extra)
        if not standalone_mode:
            return run(standalone_mode=False)
        try:
            code = run(standalone_mode=False)
        except TyperException as error:
            typer.echo(_said(error), err=True)
            sys.exit(error.exit_code)
        except (Abort, KeyboardInterrupt):
            typer.echo("Interrompu.", err=True)
            sys.exit(130)
        except Exit as leaving:
            sys.exit(leaving.exit_code)
        sys.exit(code if isinstance(code, int) else 0)


def _in_french(option: Any) -> Any:
    if option is not None:
        option.help = _HELP
    return option


def _said(error: TyperException) -> str:
    """The sentence for what was typed wrongly; help asked by typing nothing is shown as it is."""
    context = getattr(error, "ctx", None)
    kind, path = type(error).__name__, context.command_path if context else "essaim"
    if kind == "NoArgsIsHelpError":
        return str(error)
    if kind == "NoSuchOption":
        near = ", ".join(sorted(getattr(error, "possibilities", None) or ()))
        wrong = f"l'option {getattr(error, 'option_name', '')} n'existe pas" + (f" (proches : {near})" if near else "")
    elif kind == "MissingParameter":
        wrong = f"il manque {_name(error)}"
    elif kind == "BadParameter":
        wrong = f"cette valeur ne convient pas à {_name(error)}{_expected(error)}"
    elif context is not None and hasattr(context.command, "commands"):
        wrong = f"cette commande n'existe pas ; il y a : {', '.join(context.command.commands)}"
    else:
        wrong = "cette commande n'est pas complète, ou elle a un argument de trop"
    return f"{wrong} ; voyez {path} --help"


def _name(error: TyperException) -> str:
    parameter = getattr(error, "param", None)
    if parameter is None:
        return "un argument"
    options = [name for name in parameter.opts if name.startswith("-")]
    return options[0] if options else f"l'argument « {parameter.name} »"


def _expected(error: TyperException) -> str:
    """The values there are, where the error lists them."""
    listed = re.findall(r"'([^']+)'", str(error).partition(" is not one of ")[2])
    return f" (possibles : {', '.join(listed)})" if listed else ""
