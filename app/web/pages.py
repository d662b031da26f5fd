"""All pages as one router, for the application to mount."""

from fastapi import APIRouter

from app.web import accessibility, audit, connecting, hotspots, passwords, signing_in, static_files, tokens

router = APIRouter(include_in_schema=False)
router.include_router(signing_in.router)
router.include_router(hotspots.router)
router.include_router(passwords.router)
router.include_router(tokens.router)
router.include_router(audit.router)
router.include_router(connecting.router)
router.include_router(accessibility.router)
router.include_router(static_files.router)
