import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_models_need_no_further_migration():
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=3)
