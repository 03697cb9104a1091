"""The right BlackSheep application that the targets beside it break."""

from targets.blacksheep_app import app as app
