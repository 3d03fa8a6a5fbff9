"""Keyword search in continuous signing: is a word in a signed sentence, and where (LREC 2020)?"""
