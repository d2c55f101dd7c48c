"""`dozvon source rehearse`: what each service would do with a request, asked one after the other."""
