"""The application with one route more, which says hello: the limit of its server for any page."""

from eventhub.app import create_app
from eventhub.cli.roles import serve
from eventhub.settings import load_settings

PATH = "/bench/hello"


def main() -> None:
    """Serve it, as `eventhub web` does."""
    settings = load_settings()
    app = create_app(settings)
    app.add_url_rule(PATH, "bench_hello", lambda: "hello")
    serve(app, settings)


if __name__ == "__main__":
    main()
