"""Settings of the publication: one file, from the environment.

The README lists every variable. What a newsroom changes while working (name, menu,
footer, picks) is not here but in the admin.
"""

from datetime import timedelta
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from irb_site import environment

BASE_DIR = environment.PROJECT
DATA_DIR = environment.folder("DATA_DIR", "var")

DEBUG = environment.flag("DEBUG")

DATABASES = {"default": environment.database("DATABASE_URL", default_path=DATA_DIR / "db.sqlite3")}
IS_EMBEDDED = DATABASES["default"]["ENGINE"].endswith("sqlite3")

SECRET_KEY = environment.secret_key(
    "SECRET_KEY", keep_in=DATA_DIR / "secret_key" if IS_EMBEDDED else None
)

SITE_URL = environment.site_url("SITE_URL", "http://127.0.0.1:8000")
_site = urlsplit(SITE_URL)
IS_HTTPS = _site.scheme == "https"

ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS") or [
    f"[{_site.hostname}]" if ":" in _site.hostname else _site.hostname,
    "127.0.0.1",
    "localhost",
]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "articles.apps.ArticlesConfig",
    "authors.apps.AuthorsConfig",
    "irb_site.apps.NewsroomAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "taggit",
    "axes",
    "django_prose_editor",
    "django.forms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "irb_site.middleware.CrossOriginResourcePolicyMiddleware",
    "irb_site.middleware.ContentPolicyMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_http_compression.middleware.HttpCompressionMiddleware",
    "articles.middleware.PublicationMiddleware",
    "irb_site.middleware.NewsroomSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "irb_site.middleware.ValidatorMiddleware",
    "articles.middleware.RedirectMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "irb_site.urls"
# Widgets of ours have templates beside the others.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
WSGI_APPLICATION = "irb_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["articles.templatetags.articles"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "articles.context_processors.site",
            ],
        },
    },
]

# Log-in. The lock is on the name that is tried, so a made-up address doesn't lift it.

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
CSRF_FAILURE_VIEW = "irb_site.views.forbidden"
AXES_FAILURE_LIMIT = 6
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_LOCKOUT_CALLABLE = "irb_site.views.locked_out"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"

# Mail to the newsroom; the worker sends it.

_mail = environment.mail_server("EMAIL_URL")
EMAIL_BACKEND = _mail.backend
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.use_tls, _mail.use_ssl
DEFAULT_FROM_EMAIL = SERVER_EMAIL = environment.mail_sender("EMAIL_FROM", site=SITE_URL)
# For each step of handing a message over.
EMAIL_TIMEOUT = 10

# Language and time.

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "German"), ("fa", "Persian"), ("ru", "Russian")]
TIME_ZONE = environment.time_zone("TIME_ZONE", "UTC")
USE_TZ = True
# Whoever adds a catalogue of another language sets this, too. The words in the code are English,
# and to look each of them up in a catalogue that says the same takes a tenth of a page's time.
USE_I18N = False
FORMAT_MODULE_PATH = ["irb_site.formats"]

# Files.

STATIC_URL = "/static/"
STATIC_ROOT = environment.folder("STATIC_ROOT", DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = environment.folder("MEDIA_ROOT", DATA_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["map", "png", "webp", "woff2", "jpg", "gz", "br"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Readers' pages. A browser asks each time, and gets a short “not modified”; what stands between
# may answer by itself for a moment.

PAGE_STORE = environment.folder("PAGE_STORE", DATA_DIR / "pages")
PAGE_STORE_SIZE = environment.megabytes("PAGE_STORE_MB", 512)
PAGE_CACHE_CONTROL = environment.cache_control(
    "PAGE_CACHE_CONTROL", "public, max-age=0, s-maxage=10, stale-while-revalidate=60"
)

# Security headers. The policy is the same strict one on every page, the editor's included.

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    },
}
PERMISSIONS_POLICY = {
    name: []
    for name in (
        "accelerometer",
        "autoplay",
        "camera",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if IS_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True

# Other parts.

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORMS_URLFIELD_ASSUME_HTTPS = True
TAGGIT_CASE_INSENSITIVE = True
# The name alone is locked, on purpose (see log-in above).
SILENCED_SYSTEM_CHECKS = ["axes.W006"]


# What a client does wrong is said in one line: bots do it all the time.
_FAULTS_OF_CLIENTS = {
    f"django.security.{name}"
    for name in ("DisallowedHost", "RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent")
}


def _without_traceback(record):
    if record.name in _FAULTS_OF_CLIENTS:
        record.exc_info = None
    return True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {
        "in_one_line": {"()": "django.utils.log.CallbackFilter", "callback": _without_traceback}
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["in_one_line"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # Not every mistyped address is worth a line.
        "django.request": {"level": "ERROR"},
        "articles": {"level": "INFO"},
    },
}
