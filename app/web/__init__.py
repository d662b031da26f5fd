"""The pages: server-rendered HTML in Swedish and English, furnished with a little JavaScript."""
