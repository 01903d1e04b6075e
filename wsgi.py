"""What the web server and the `flask` command start."""

from logicrm import create_app

app = create_app()
