"""The torch room: the binned networks, the curve networks, and how they learn. Nothing else imports torch."""
