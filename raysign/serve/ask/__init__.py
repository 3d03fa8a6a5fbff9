"""Asking with takes, landmarks or a video, and what the answer is on a page."""
