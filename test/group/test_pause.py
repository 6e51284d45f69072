"""The figures of scripts/pause: how they come from logs."""
import sys
import unittest

from support import TOP

sys.path.append(str(TOP / 'test' / 'linux'))
from move_figures import Answers, Login, Move, fio_answers, logins_of, move_steps, percentile, step_table

HOST = 'iqn.2026-11.io.shoal:host'
LOG = f'''
2026-11-26T06:41:29.421+00:00 info move_begun session=2-9 initiator="{HOST}" isid=00023d000001 volume=v to=3 how=close reason=by-hand at_ms=1000
2026-11-26T06:41:29.423+00:00 info move_placed session=2-9 initiator="{HOST}" isid=00023d000001 to=3 at_ms=1002
2026-11-26T06:41:29.425+00:00 info move_quiet session=2-9 initiator="{HOST}" isid=00023d000001 to=3 at_ms=1004
2026-11-26T06:41:29.428+00:00 info move_told session=2-9 initiator="{HOST}" isid=00023d000001 to=3 at_ms=1009
2026-11-26T06:41:29.499+00:00 info login_over outcome=served initiator="{HOST}" isid=00023d000001 accepted_ms=1030 answered_ms=1040 own_us=2500
2026-11-26T06:41:29.429+00:00 info login_over outcome=redirected initiator="{HOST}" isid=00023d000001 accepted_ms=1019 answered_ms=1022 own_us=500
2026-11-26T06:41:29.429+00:00 info login_over outcome=served initiator="{HOST}2" isid=00023d000001 accepted_ms=1021 answered_ms=1022 own_us=700
2026-11-26T06:41:29.433+00:00 info move_ended session=2-9 status=200 text="session 2-9 is at member 3" at_ms=1041
'''.splitlines()


class Figures(unittest.TestCase):
    def move(self, **more):
        return Move(move_steps(LOG)['2-9'], logins_of(HOST, LOG), **{'pause': 80, **more})

    def test_a_log_tells_the_steps_of_each_move_and_the_logins_of_one_host_in_order(self):
        self.assertEqual(move_steps(LOG), {'2-9': {'begun': 1000, 'placed': 1002, 'quiet': 1004, 'told': 1009}})
        self.assertEqual(logins_of(HOST, LOG), [Login('redirected', 1019, 1022, 0.5), Login('served', 1030, 1040, 2.5)])

    def test_the_own_part_is_that_of_the_logins_and_where_the_host_was_asked_to_log_out_the_answer_to_that(self):
        self.assertEqual(self.move().own(polite=False), 3.0)
        self.assertEqual(self.move().own(polite=True), 8.0)
        self.assertEqual(self.move().of_host, 72.0)

    def test_the_steps_from_the_order_to_the_first_answer_add_up(self):
        steps = step_table([self.move(resumed=1075)])
        self.assertEqual(sum(median for _, median, _ in steps), 75)
        self.assertEqual(steps[3], ('host: connects to its home', 10, 10))
        self.assertEqual(steps[-1], ('host: its first answered command', 35, 35))

    def test_the_longest_silence_is_between_two_answers_and_may_begin_and_end_outside_of_the_time_that_is_looked_at(self):
        answers = Answers([(10, 1), (20, 2), (60, 45), (61, 3), (200, 4)])
        self.assertEqual(answers.silence(0, 30), (40, 60))
        self.assertEqual(answers.silence(30, 40), (40, 60))
        self.assertEqual(answers.silence(0, 70), (139, 200))
        self.assertEqual(Answers([]).silence(30, 40), (10, 40))  # nothing was answered: all of it
        self.assertEqual(answers.slowest(0, 100), 45)

    def test_a_line_of_fios_log_is_an_answer_on_the_clock_of_this_machine(self):
        self.assertEqual(list(fio_answers(['1795675268971, 6064771, 0, 4096, 0'], 1795675000000)), [(268971, 6.064771)])

    def test_a_percentile_is_a_value_that_was_seen(self):
        self.assertEqual([percentile(range(1, 101), share) for share in (0.5, 0.99, 1)], [50, 99, 100])
        self.assertEqual(percentile([7], 0.99), 7)


if __name__ == '__main__':
    unittest.main()
