"""The tables."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = ()

    operations = (
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=255, unique=True)),
            ],
            options={
                "db_table": "gocron_job",
                "ordering": ("name",),
                "permissions": (("run_job", "Can run jobs now"), ("pause_job", "Can pause and resume jobs")),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="RunRequest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("job", models.CharField(max_length=255)),
                ("requested", models.DateTimeField(auto_now_add=True)),
                ("by", models.CharField(max_length=255)),
            ],
            options={
                "db_table": "gocron_run_request",
                "ordering": ("id",),
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Tick",
            fields=[
                ("id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("name", models.TextField()),
                ("version", models.CharField(max_length=64)),
                ("record", models.TextField()),
            ],
            options={
                "db_table": "gocron_tick",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("job", models.CharField(max_length=255)),
                ("scheduled", models.DateTimeField(help_text="the time of its tick")),
                ("started", models.DateTimeField()),
                ("completed", models.DateTimeField()),
                ("outcome", models.CharField(max_length=16)),
                ("error", models.TextField(blank=True)),
                ("attempt", models.PositiveIntegerField()),
                ("fence", models.BigIntegerField(blank=True, null=True)),
                ("host", models.CharField(max_length=255)),
                ("pid", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "gocron_run",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["job", "-id"], name="gocron_run_by_job")],
            },
        ),
    )
