"""Organisers' pages of their events."""

from flask import Blueprint

blueprint = Blueprint("organiser_events", __name__, url_prefix="/organiser")
