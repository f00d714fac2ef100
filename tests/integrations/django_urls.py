"""The URLs of the project in this process."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("jobs/", include("gocron_py.integrations.django.dashboard"))]
