"""The portal: a catalogue over HTTP. FastAPI and what belongs to it are imported only here.

from nxspectra.portal.application import create
application = create("catalogue")          # an ASGI application; `nxspectra serve` runs it
"""
