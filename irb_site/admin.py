from django.contrib.admin import AdminSite


class NewsroomAdminSite(AdminSite):
    pass
