"""The admin, and a page that tells which process has answered."""

import os

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path


def index(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"worker {os.getpid()}\n")


urlpatterns = [path("", index), path("admin/", admin.site.urls)]
