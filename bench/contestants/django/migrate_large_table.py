"""A management command as it is usually written, with as much Django around it as it needs.

The address of the database is in DATABASE_URL. The last line on stdout is the number of rows written.
"""

import os
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings

address = urlsplit(os.environ["DATABASE_URL"])

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": address.hostname,
            "PORT": address.port,
            "USER": unquote(address.username),
            "PASSWORD": unquote(address.password or ""),
            "NAME": unquote(address.path[1:]),
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.core.management.base import BaseCommand  # noqa: E402
from django.db import models, transaction  # noqa: E402


class Essay(models.Model):
    student_id = models.BigIntegerField()
    title = models.TextField()
    content = models.TextField()
    submitted_at = models.DateTimeField()
    computed_word_count = models.IntegerField(null=True)

    class Meta:
        app_label = "essay_submission"
        db_table = "essay_submission_essay"
        managed = False
        ordering = ["id"]


class Command(BaseCommand):
    help = "Migrate large essay table in batches"

    def handle(self, *args, **options):
        batch_size = 1000
        essays = Essay.objects.all()
        total = essays.count()
        written = 0

        for i in range(0, total, batch_size):
            batch = essays[i : i + batch_size]
            with transaction.atomic():
                for essay in batch:
                    essay.computed_word_count = len(essay.content.split())
                    essay.save()
                    written += 1

        self.stdout.write(str(written))


if __name__ == "__main__":
    Command().handle()
