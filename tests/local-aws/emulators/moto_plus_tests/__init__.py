"""The tests of moto_plus; ../test_moto_plus.py runs them all."""
