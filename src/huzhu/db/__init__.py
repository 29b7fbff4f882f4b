"""What every table may lean on: text sealed to its row, an index that finds it, and proof of the right key.

In: settings.HUZHU_KEYS and settings.HUZHU_CIPHER.
Out: fields, a row that can be sealed, prove_keys.
"""
