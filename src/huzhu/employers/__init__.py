"""What is known of an employer: industry, head counts and their proof, contacts, willingness and causes, earlier statistics.

In: what clerks and the employer itself tell, papers that prove it, the bureau's sheet of 2018–2020.
Out: the record, the proven head count on a day, the newest stance, insured workers by year.
"""
