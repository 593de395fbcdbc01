"""Where a request comes from."""

from aiohttp import web


def client_address(request: web.Request, trusted_proxies: int) -> str | None:
    """Tell the address of the client as the outermost trusted proxy saw it.

    Each proxy appends to X-Forwarded-For whom it heard, so only the last `trusted_proxies`
    entries are worth anything: what stands before them, the client wrote itself. With 0 the
    header is not looked at.
    """
    hops = [
        hop.strip()
        for line in request.headers.getall("X-Forwarded-For", [])
        for hop in line.split(",")
    ]
    if trusted_proxies and len(hops) >= trusted_proxies:
        return hops[-trusted_proxies]
    return request.remote
