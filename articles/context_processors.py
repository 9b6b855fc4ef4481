from articles.site import publication


def site(request):
    return {"site": publication()}
