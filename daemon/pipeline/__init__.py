"""The road of one mail: read, matched, judged, announced. Ties the rooms together; knows no
network.
"""
